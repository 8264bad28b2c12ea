B
the_lstm.hJ–ž™=_n•¾1
}¾aõ„½