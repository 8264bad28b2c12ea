B!model/lstm/PartitionedCall/lstm.cJõ·>I
¥½Ñ§›¾º‘=É…¥>±—7=