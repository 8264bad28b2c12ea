B
the_lstm.cJíÐ>4¤Ì¾ZË¿šœ†¿