B
the_lstm.cJc{h¾¿¸L¾à™H=´¥`¾