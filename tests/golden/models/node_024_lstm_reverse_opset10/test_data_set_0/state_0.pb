B
the_lstm.cJ10é¾ÐT½èÙ>FÉ¿