B
the_lstm.hJ¡õN¾[¬½ğ+½Ë¾