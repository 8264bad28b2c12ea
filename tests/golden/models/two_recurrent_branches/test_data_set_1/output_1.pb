B
left_stateJ‘u<ÝÍÉ<Uÿ¾îè=÷°¾