B
the_lstm.cJòRº¾