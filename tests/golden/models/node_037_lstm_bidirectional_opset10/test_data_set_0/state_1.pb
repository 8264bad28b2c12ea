B
the_lstm.hJπί½GΝ½Π½ o½Έ@=