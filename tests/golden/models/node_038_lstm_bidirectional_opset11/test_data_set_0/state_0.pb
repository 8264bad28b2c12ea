B
the_lstm.cJÜ2}½¡N>áJ¾¿90¾