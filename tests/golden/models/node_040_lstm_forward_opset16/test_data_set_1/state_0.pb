B
the_lstm.cJX¨¼K±¼å­¶= É½