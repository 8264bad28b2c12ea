B
the_lstm.cJmP¾»³=”,6=Ý{°»Ó&†=