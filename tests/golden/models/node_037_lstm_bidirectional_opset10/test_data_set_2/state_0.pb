B
the_lstm.cJ¶.‚¾f4¸¾³¾õ¼mG'>h{Z>