from stemline.devices.ioc.lease import Leases


def test_a_lease_ends_and_belongs_to_one_connection():
    now = [0.0]
    leases = Leases(lambda: now[0])
    leases.renew("127.0.0.1:1", 1.5)
    assert leases.refusal("127.0.0.1:1") is None
    assert "no lease" in str(leases.refusal("127.0.0.1:2"))
    now[0] = 1.0
    leases.renew("127.0.0.1:1", 1.5)
    now[0] = 2.4
    assert leases.remaining("127.0.0.1:1") > 0
    now[0] = 2.5
    assert leases.remaining("127.0.0.1:1") == 0
    assert leases.refusal("127.0.0.1:1") is not None


def test_a_lease_is_given_up():
    leases = Leases(lambda: 1.0)
    leases.renew("a:1", 1.5)
    leases.renew("a:1", 0.0)
    assert leases.refusal("a:1") is not None
