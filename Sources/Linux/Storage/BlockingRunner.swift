internal import Platform

extension BlockingPool: BlockingRunner {}
