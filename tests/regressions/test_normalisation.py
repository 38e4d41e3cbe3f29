"""Texts that a normaliser gets wrong easily: what must change, and what must not."""

from __future__ import annotations

import pytest

from edgewise.text import normalize

CHANGED = [
    # Unicode
    ("ｈｅｌｌｏ　ｗｏｒｌｄ", "hello world"),
    ("ﾊﾝｶｸ ｶﾞ", "ハンカク ガ"),
    ("𝓯𝓾𝓬𝓴 ⓕⓤⓒⓚ", "fuck fuck"),
    ("cafe\u0301", "café"),
    ("wait…", "wait..."),
    ("don´t", "don't"),
    ("i\u200bd\u00adi\u2060o\ufefft", "idiot"),
    ("\u202eabc\u202c", "abc"),
    ("a\u200db \u200cк\u200cа", "ab ка"),
    ("z\u0301\u0302\u0303\u0304\u0305\u0306\u0307a", "z\u0301\u0302\u0303\u0304a".replace("z\u0301", "ź")),
    ("\ud83d\ude00 \ud800", "😀 \ufffd"),
    ("a\0b\x1bc\x85d", "a b c d"),
    ("ᴛʜᴇ ɪᴅɪᴏᴛ", "the idiot"),
    # Markup
    ("&amp;amp;lt;3 you &#39;all&quot;", "<3 you 'all\""),
    ("f<b>u</b>ck<br/>off", "fuck off"),
    ("<p class='x'>text</p><!-- no <b> -->", "text"),
    ("see https://t.co/a?b=c#d), or www.x.com. or bit.ly/xyz!", "see http), or http. or http!"),
    ("看http://t.cn/abc看看", "看http看看"),
    ("[text](https://x.y/z)", "[text](http)"),
    (".@bob: hi @jean_luc.p and @a@mastodon.social", ".@user: hi @user and @user"),
    # Layout
    ("soooooo goooood!!!!!! 😂😂😂😂😂", "sooo goood!!! 😂😂😂"),
    ("  a\t\tline\r\n\u3000another ", "a line another"),
    # Scripts
    ("сhаt рaypal пpивeт вaтa", "chat paypal привет вата"),
    ("Tα παιδιά με τo", "Τα παιδιά με το"),
    ("жəне сiтуацыi", "және сітуацыі"),
    # Leetspeak
    (
        "sh1t @ss b!tch 1d10t $hit a$$ @sshole a55hole SH1T Sh1t",
        "shit ass bitch idiot shit ass asshole asshole SHIT Shit",
    ),
    ("id1ot! p3d0, b@st@rd? #sh1t pu$$y", "idiot! pedo, bastard? #shit pussy"),
    ("бл@ть мр@зь", "блять мразь"),
    # Masks
    ("f*ck sh*t b*tch a**hole f**k F**K", "fuck shit bitch asshole fuck FUCK"),
    ("f***ing b****es, motherf*****", "fucking bitches, motherfuck"),
    ("f-ck that sh-t, f_ck, f.ck", "fuck that shit, fuck, fuck"),
    ("х*й п*здец с*ка", "хуй пиздец сука"),
    ("sche*ße k*rwa m*erda", "scheiße kurwa mierda"),
    # Spelled out
    ("f u c k you", "fuck you"),
    ("f.u.c.k s-t-u-p-i-d i_d_i_o_t", "fuck stupid idiot"),
    ("you are a f u c k i n g i d i o t", "you are a fucking idiot"),
    ("h e l l o  w o r l d", "hello world"),
    ("U.S.A. and N.A.T.O.", "USA. and NATO."),
    ("с у к а", "сука"),
    ("f/u/c/k", "fuck"),
]

KEPT = [
    # Emoji
    "❤️\u200d🔥 👨\u200d👩\u200d👧 👍🏽 🇺🇸🇩🇪 ☺️ 1️⃣ #️⃣ ™️ ㊙️",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    # Emoticons
    ":-) :D <3 xD :'( 8-) ;) :3 >:( :* \\o/ ¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻ (︶︿︶)",
    # Scripts
    "Straße ısparta İstanbul ə yaxşı",
    "می\u200cخواهم नहीं क्\u200dष ශ්\u200dරී",
    "ㅋㅋㅋ ㅠㅠ น้ำ ນ້ຳ և՛ ™",
    "Ελλάδα Россия Москва ООО НАТО COP",
    "Ω μm kΩ β2",
    # Numbers, names of things
    "1000000 3:30pm 24th 100% $5 v1.2.3 2.0b1 1e10 0x1F 555-1234 10x",
    "mp3 covid19 4k b2b g8 H2O A55 s3 r2d2 5G K9 4x4 9a-5p",
    "h8 gr8 m8 l8r 4ever 2day b4 w8",
    "C++ C# F# .NET Ke$ha A$AP P!nk",
    # Letters as digits
    "7abibi 3arabi ma3lish 5alas a7la 2alby",
    # Signs
    "**bold** *x* a**b 2*3*4 x * y __init__ ~~no~~",
    "hat! hat* bitch! shit!! ass* class clas*",
    "foo@bar.com me @ home @ 5pm",
    "AT&T R&B Q&A a < b and c > d <3 x<y",
    "#hashtag #stop_it",
    # Single letters
    "a b c d e",
    "A B C D E K",
    "x y z",
    "I a m",
    "и я в шоке",
    "y r u mad",
    "b-b-but why",
    "e.g. i.e. a.m.",
    "a.b.com x-ray t-shirt e-mail vitamin-c",
    "Q: a, b, c, d",
]


@pytest.mark.parametrize(("text", "expected"), CHANGED)
def test_changed(text: str, expected: str) -> None:
    assert normalize(text).text == expected


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    assert normalize(text).text == text
