B/recurrent/RNN.hJ
š=