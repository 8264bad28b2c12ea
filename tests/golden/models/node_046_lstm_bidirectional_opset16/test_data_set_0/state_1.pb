B
the_lstm.hJl¯1=