B/recurrent/LSTM.hJû
}>¨÷>J©>¼zžh=³G>ü>°=`>