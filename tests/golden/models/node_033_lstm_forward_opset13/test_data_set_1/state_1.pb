B
the_lstm.hJåð½¯æž¾Ç½\>Xøn½