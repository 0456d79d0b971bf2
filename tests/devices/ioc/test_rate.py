from stemline.devices.ioc.rate import Rate


def test_so_many_a_minute():
    now = [0.0]
    rate = Rate(2, lambda: now[0])
    assert rate.refusal() is None
    now[0] = 30.0
    assert rate.refusal() is None
    refused = rate.refusal()
    assert refused is not None
    assert "wait 30.0 s" in refused
    now[0] = 60.0
    assert rate.refusal() is None
    assert rate.refusal() is not None
