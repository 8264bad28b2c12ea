B/recurrent/LSTM_1.hJ@y ¼ş`—¼8ÌüºUu½¼öÌ <Å1’:¯
r<hsóº6º<Fo‘<xXŠ¼}#<t*}¼XÈ†¼Ôe:V—¼»