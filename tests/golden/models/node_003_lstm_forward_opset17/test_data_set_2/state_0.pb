B
the_lstm.cJM'@°3W¿]/ï¿Ô3,¿Ò\„>