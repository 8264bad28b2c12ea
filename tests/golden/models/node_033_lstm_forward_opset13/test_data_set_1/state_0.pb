B
the_lstm.cJı®T¾²#¿†Ş?®F¾