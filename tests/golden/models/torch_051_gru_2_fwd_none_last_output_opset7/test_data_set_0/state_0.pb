B/recurrent/GRU.hJ@ƒvF=ôB<H=*Ë=?@‚½Ä³Q>
°n¾oik=ø²½2Ãˆ=±ŸK<€K>Ÿ}s>1·6>~-—=÷n>