import pytest

from accounts.devices import device_word


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 Chrome/109.0.0.0 Safari/537.36", "电脑，Chrome"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/124.0 Safari/537.36 Edg/124.0", "电脑，Edge"),
        ("Mozilla/5.0 (Linux; Android 13; V2) Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0", "手机，微信"),
        ("Mozilla/5.0 (iPad; CPU OS 16_0) AppleWebKit/605.1 Version/16.0 Mobile/15E148 Safari/604.1", "平板，Safari"),
        ("", "电脑，其他浏览器"),
    ],
)
def test_a_device_has_the_name_by_which_people_know_it(user_agent, words):
    assert device_word(user_agent) == words
