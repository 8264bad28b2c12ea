B/recurrent/LSTM_2.reverse.hJ
¹¼-¾¼ÚÏ´½&‘}½×³½