B
the_lstm.cJß	—¾…0¾=D¾žþ§¾