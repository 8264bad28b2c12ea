B
the_lstm.cJ¿K¾`¿½?+m¾X?¾