B
the_lstm.hJ°?Íê¿‡ƒG¿	” ½Êî=