B
the_lstm.cJ%£<>&½êt¢>`ž >Ò?