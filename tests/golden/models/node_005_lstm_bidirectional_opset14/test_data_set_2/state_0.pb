B
the_lstm.cJºßÌ¾