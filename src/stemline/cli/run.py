def demo(): pass
def run(): pass
