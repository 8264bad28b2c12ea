B
the_lstm.cJÝfô?mÁ¿Éÿ‚¿£² ¿Qš>