B
the_lstm.cJ\Î=Ûûû½)H>žH•¾N¡À=