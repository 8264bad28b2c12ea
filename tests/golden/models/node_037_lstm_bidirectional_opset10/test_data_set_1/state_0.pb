B
the_lstm.cJไýฝÞอืฝไý=ฒนhผ๔ิฝ