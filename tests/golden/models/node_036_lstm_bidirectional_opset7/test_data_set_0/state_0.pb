B
the_lstm.cJéˆ¼Ïæ)¾¸g¶=Ì>