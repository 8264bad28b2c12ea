B
the_lstm.cJa$}¾…WD¾Tİu½äÛ	¾E\ã=