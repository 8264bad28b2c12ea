B
the_lstm.hJR91=Œ(æ»¿ê¢=Ö®Ç=