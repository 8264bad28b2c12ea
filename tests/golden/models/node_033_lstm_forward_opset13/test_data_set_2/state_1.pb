B
the_lstm.hJ±ç¾½šÑª¼SÆ½%OÙ½