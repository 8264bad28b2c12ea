B
the_lstm.cJÅ8»=K› æ
yº;ÂW'=