Bthe_lstm.reverse.cJDáj¾3R>4Š
¾,v¼