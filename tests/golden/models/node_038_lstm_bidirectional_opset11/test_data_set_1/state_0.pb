B
the_lstm.cJú}¹>¿×?„
¾°C•¾