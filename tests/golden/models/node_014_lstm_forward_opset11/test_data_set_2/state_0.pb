B
the_lstm.cJ”£¬¾¥º3<5%K>GšÇ½°·,>