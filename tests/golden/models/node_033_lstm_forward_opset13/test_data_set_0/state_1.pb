B
the_lstm.hJæÂ÷=ùñM½À€'>.4^=