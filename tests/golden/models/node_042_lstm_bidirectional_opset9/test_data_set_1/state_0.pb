B
the_lstm.cJ*wn¿k¾«ê¾Qp¾