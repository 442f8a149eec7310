"""The words of machines, as mail systems and mail programs write them, in the languages of their installations.

Subjects are matched at their start, so that an answer to such a mail ("Re: ...") or a forwarded one ("Fwd: ...") is
not one. Collected from the documentation and the sources of the systems named.
"""

from __future__ import annotations

import re


def _start(*forms: str) -> re.Pattern[str]:
    return re.compile(r"^\W{0,4}(?:" + "|".join(forms) + ")", re.IGNORECASE)


def _anywhere(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join(forms), re.IGNORECASE)


def _line(*forms: str) -> re.Pattern[str]:
    """At the start of a line that is not quoted."""
    return re.compile(r"^[ \t*<-]{0,8}(?:" + "|".join(forms) + ")", re.IGNORECASE | re.MULTILINE)


END = r"\s*[.!]*$"

BOUNCE_SUBJECT = _start(
    # Postfix, Sendmail, qmail, Exim, OpenSMTPD, Courier, PowerMTA and those that write like them
    r"undelivered mail",
    r"undeliver(?:able|ed)(?: mail| message| e-?mail)?\s*(?::|\"|" + END + ")",
    r"undeliverable (?:mail|message)",
    r"returned (?:e-?)?mail",
    r"mail returned",
    r"returned to sender",
    r"message returned to sender",
    r"mail (?:delivery|system) (?:failed|failure|error|problem|system|subsystem|status|report|delayed|notification|warning)",
    r"mail (?:delivery )?failure",
    r"mail could not be delivered",
    r"mail status report",
    r"mail not delivered",
    r"(?:permanent |temporary )?delivery failure",
    r"delivery[ _](?:status|failure|failed|report|error|notification|delayed)",
    r"delivery (?:has|to .{0,80} has) (?:failed|been delayed)",
    r"failed (?:mail|delivery|to deliver)",
    r"failure (?:notice|delivery)",
    r"fail to deliver",
    r"non-?delivery",
    r"non-?deliverable",
    r"successful mail delivery",
    r"delayed mail",
    r"warning.{0,3} delayed mail",
    r"warning: (?:could not send|message|e-?mail).{0,60}(?:delayed|past|hours?|not)",
    r"notice: mail delivery",
    r"message (?:status|delayed|delivery)",
    r"(?:your )?message (?:could not|was not|has not|not|delivery) .{0,20}(?:deliver|fail)",
    r"message you sent .{0,40}(?:not|fail|block|reject)",
    r"(?:sorry, )?your (?:e-?mail|message) (?:could|was|has) .{0,20}(?:not|n't) ",
    r"could not (?:send|deliver) ",
    r"error sending",
    r"there was an error sending",
    r"postmaster\] (?:e-?mail|mail|message) delivery",
    r"postmaster (?:notify|copy|notice|warning)",
    r"\[?bounced?\]?(?:d? (?:mail|message|e-?mail))?\s*(?::|\]|" + END + ")",
    r"(?:automatically )?rejected (?:mail|message)",
    r"(?:e-?mail |message )rejected",
    r"mail rejected",
    r"blocked (?:mail|message)",
    r"undeliv",
    r"user unknown",
    r"address (?:not found|change)",
    r"(?:e-?mail )?feedback (?:report|loop)",
    r"(?:spam|abuse|e-?mail) (?:abuse )?(?:complaint|report)",
    r"complaint about message",
    r"mail error",
    r"nondeliv",
    r"quota exceeded",
    r"mailbox (?:full|unavailable)",
    r"report domain:",
    r"failed_?(?:mail|delivery)",
    r"email (?:delivery|bounce)",
    r"aws notification",
    # Exchange, Domino, Outlook in their languages, national systems
    r"unzustellbar",
    r"(?:nachricht )?(?:nicht|konnte nicht) (?:zugestellt|zustellbar)",
    r"mail ?zustellung",
    r"zustellung(?:s\w*)? (?:fehl|verz|status)",
    r"zustellungs?fehler",
    r"unzustellbare",
    r"fehler bei der zustellung",
    r"non remis",
    r"message non (?:distribu|remis|d.livr)",
    r".chec (?:de|d')",
    r"non[ -]distribu",
    r"notification d'.tat",
    r"avis de non",
    r"no se (?:puede|pudo|ha podido) entreg",
    r"no entregad",
    r"mensaje no entregad",
    r"error de entrega",
    r"n.o (?:foi )?(?:.\s)?(?:entregue|poss.vel entreg)",
    r"falha na entrega",
    r"recapito (?:non|fallito)",
    r"(?:messaggio )?non (?:recapitabile|consegnat|recapitat)",
    r"impossibile recapitare",
    r"mancato recapito",
    r"onbestelbaar",
    r"niet (?:bezorgd|afgeleverd)",
    r"kan (?:inte|ikke) lever",
    r"(?:ej|ikke) lever",
    r"kunne ikke lever",
    r"ei voi toimittaa",
    r"nedoru.iteln",
    r"nedoru.en",
    r"niedostarcz",
    r"nie (?:dostarcz|mo.na dostarcz)",
    r"k.zbes.thetetlen",
    r"nelivrat",
    r"недоставлен",
    r"не доставлен",
    r"не удалось доставить",
    r"ошибка доставки",
    r"сообщение не доставлено",
    r"teslim edilemed",
    r"未送达",
    r"无法(?:投递|送达|傳遞)",
    r"無法(?:傳遞|傳送|遞送)",
    r"未傳遞的",
    r"系统退信",
    r"退信",
    r"邮件退回",
    r"配信不能",
    r"配信(?:できません|エラー|に失敗)",
    r"配信失敗",
    r"(?:メッセージを|メール)配信(?:できません|に失敗)",
    r"メール(?:を)?(?:送信|配信)(?:エラー|に失敗|できません)",
    r"失敗した送信メール",
    r"送信エラー",
    r"エラーメール",
    r"배달되지",
    r"전송(?: )?실패",
    r"반송",
    r"تحویل (?:داده )?نشد",
    r"عدم تحویل",
    r"(?:پیام|ایمیل|نامه).{0,20}(?:تحویل|ارسال)(?: داده)? نشد",
    r"غير قابل للتسليم",
    r"تعذر (?:ال)?(?:تسليم|إرسال)",
    r"فشل (?:في )?(?:ال)?تسليم",
)

# Said by programs alone. With a bounce's subject they are enough, whoever the sender seems to be.
MACHINE = _line(
    r"hi\.? this is the .{0,40}(?:program|mail)",
    r"this is the (?:mail (?:system|delivery)|postfix|mail delivery|e-?mail system|mailer)",
    r"this message (?:was|has been) (?:created|generated|sent) automatically by (?:the |an? )?(?:e-?mail|smtp)\b",
    r"a message (?:\(.{0,80}\) )?that you (?:have )?sent (?:could not|has not|was not|contained)",
    r"(?:the )?following address(?:\(es\)|es)? (?:failed|had|has)",
    r"the original message was received at",
    r"-* ?transcript of (?:the )?session",
    # What is between words is taken once and for all: a row of dashes can be cut into words in more ways than can be tried.
    r"\W{0,12}the following (?:addresses|message|recipients?)(?:\W++\S++){0,4}\W++(?<= )(?:had|failed|were|"
    r"was not|could not|undeliver|reject|cannot)",
    r"i'?m sorry to have to inform you",
    r"i'?m afraid i wasn'?t able to deliver",
    r"delivery to the following recipients? (?:has )?(?:failed|been delayed)",
    r"delivery has failed to these recipients",
    r"(?:your message )?did not reach (?:some or all|the following)(?: of the)?(?: intended)? recipient",
    r"your message to .{1,200} was automatically rejected",
    r"your message to:? \S{3,200}@\S{3,200}\s{1,4}was (?:blocked|rejected)",
    r"(?:your |the )?(?:e-?mail|message)\b[^\n]{0,200}(?:\n[^\n]{0,40})?could not be "
    r"delivered to the following (?:recipient|user)",
    r"delivery of (?:this )?e-?mail to (?:this|the following) address",
    r"(?:your message )?has encountered delivery problems",
    r"error-for: ",
    r"(?:sent|received) (?:<<<|>>>) ",
    r"reporting-mta\s*:",
    r"final-recipient\s*:",
    r"diagnostic-code\s*:",
    r"diagnostic information for administrators",
    r"generating server\s*:",
    r"technical details of (?:permanent|temporary) failure",
    r"this is a(?:n automatically generated delivery status| permanent error)",
    r"this is an email abuse report",
    r"sorry, (?:we were|it was)(?:n't| not|) .{0,20}(?:unable|possible|able) to deliver",
    r"this report relates to (?:a message|your message)",
    r"failed address(?:es)?\s*:",
    r"(?:mail )?(?:rejected|undeliverable) (?:reason|recipients?)\s*:",
    r"the user\(s\) account is",
    r"this message was undeliverable",
    r"your message was not delivered",
    r"your message (?:cannot|could not|can't|couldn't) be delivered to the following",
    r"unable to deliver message to the following",
    r"(?:remote|receiving|remote mail) (?:server|host|system) (?:said|returned|responded)",
    r"failed recipients?\s*[:-]",
    r"undeliverable to\s*:?",
    r"(?:the )?message that you sent .{0,40}(?:undeliver|not be deliver)",
    r"\{?\"?notificationtype\"?\s*:\s*\"?(?:bounce|complaint)",
    r"(?:<<<|>>>) ",
    r"[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b",
    r"smtp error from remote",
    r"message undeliverable",
    r"unable to relay for",
)

# The same in other languages: words that people use as well, so enough only where the sender, too, looks like one.
TRANSLATED = _line(
    r"dies ist eine automatisch \w+ (?:benachrichtigung|meldung|nachricht) (?:über|zum|zur) ",
    r"(?:ihre|diese) (?:nachricht|mail|e-mail) .{0,120}(?:nicht zugestellt|zustellung)",
    r"(?:folgende|die folgenden) (?:empf.nger|adressen)",
    r"fehler bei der nachrichtenzustellung",
    r".chec de la remise",
    r"votre message n.a pas pu .tre",
    r"n.ont pas pu recevoir",
    r"no se pudo entregar",
    r"el mensaje no se entreg",
    r"(?:以下|次の).{0,30}(?:配信|送信|届|配達)",
    r"(?:メール|メッセージ).{0,40}(?:配信|送信|届け).{0,10}(?:でき|失敗|ません)",
    r"(?:پیام|ایمیل|نامه) (?:شما|زیر).{0,60}(?:تحویل|ارسال|نرسید)",
    r"您的(?:邮件|郵件).{0,40}(?:无法|無法|未能|退回)",
)

# What a machine's reason looks like anywhere in its text: enough only where the sender, too, looks like one.
REASON = _anywhere(
    r"\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b",
    r"\buser (?:unknown|not known)\b",
    r"\binvalid (?:final delivery )?(?:user|recipient|mailbox)",
    r"\bunknown user\b",
    r"\bno such (?:user|recipient|mailbox|address|person|account|host|domain)\b",
    r"\bmailbox (?:is )?(?:full|unavailable|not found|disabled)\b",
    r"\b(?:not|n't|never|cannot|can not|unable|failed|fail) (?:be |been |to be |to )?deliver(?:ed|able|y)?\b",
    r"\bundeliver(?:able|ed)\b",
    r"\bover (?:its )?quota\b",
    r"\bquota exceeded\b",
    r"\bhost (?:not found|unknown)\b",
    r"\bmail(?:box)? (?:does not|doesn't) exist\b",
    r"\bunable to deliver\b",
    r"\bdelivery (?:failed|failure|error|attempt)",
    r"\b(?:returned|bounced|rejected) (?:mail|message)\b",
    r"\brelay(?:ing)? (?:access )?denied\b",
    r"\bwas (?:rejected|returned|blocked)\b",
    r"\baddress(?:es)? (?:rejected|not found|unknown)\b",
    r"\b(?:smtp|http)[ ;:].{0,12}\b[45]\d\d\b",
    r"nicht zugestellt",
    r"unzustellbar",
    r"配信|届け|送信でき",
    r"تحویل",
    r"не (?:доставлен|удалось)",
    r"\bnon remis\b",
    r"\bspam\b",
)

# Where a report goes over to the mail that came back.
RETURNED = _line(
    r"\W{0,12}(?:start of |this is |below this line is |here is )?(?:the |a )?(?:original|returned|copy of the) (?:message|mail)"
    r"(?! was received)",
    r"\W{0,12}(?:message|mail) headers? follow",
    r"\W{0,12}header of the ",
    r"your message reads",
    r"the first \d+ lines of ",
    r"(?:return-path|received)\s*:",
)

REPLY_SUBJECT = _start(
    r"auto(?:mat(?:ic|ed|ische?s?))?[ -]?(?:reply|response|answer|responder|respond|antwort)\b"
    r"(?! (?:does|do|is|was|has|not|no|works?|settings?|feature|function|problem|won'?t|can'?t)\b)",
    # Lotus Notes
    r"auto: .{1,100}(?:is out of the office|\((?:returning|r.ckkehr|retour|regreso|ritorno|retorno|terug|tilbage|åter)\b"
    r"[^)\d]{0,20}\d)",
    r"\[auto(?:-?reply|matic|mated)?[^\]]{0,20}\]",
    r"autosvar",
    r"autom[aā]\w+ (?:svar|antwort|antwoord|vastaus|odpow\w+|odpov\w+|yan.t|v.lasz|r.spuns|odgovor|atsakymas|atbilde)\b",
    r"odpowied. automatyczna",
    r"autoodpowied.",
    r"r.spuns automat",
    r"автоматична відповідь",
    r"автоматичен отговор",
    r"αυτόματη απάντηση",
    r"(?:תשובה|תגובה|מענה) אוטומטית?",
    r"samodejni odgovor",
    r"automaatvastus",
    r"trả lời tự động",
    r"balasan otomatis",
    r"ตอบกลับอัตโนมัติ",
    r"automatisch(?:e|es|er)? (?:antwort|antwoord|r.ckmeldung|abwesenheits|eingangsbest.tigung)",
    r"r.ponse automatique",
    r"message automatique d'absence",
    r"respuesta autom.tica",
    r"resposta autom.tica",
    r"risposta automatica",
    r"auto-?r.ponse",
    r"otomatik (?:yan.t|cevap)",
    r"автоматический ответ",
    r"автоответ",
    r"自动(?:回复|答复|回覆)",
    r"自動(?:回覆|応答|返信|送信|答覆)",
    r"(?:부재 ?중 )?자동 ?(?:회신|응답|답장)",
    r"(?:پاسخ|جواب) (?:خودکار|اتوماتیک)",
    r"(?:الرد|رد) (?:ال)?(?:تلقائي|آلي)",
    r"yanıt otomatik",
    r"out of office auto",
    r"vacation (?:auto-?)?(?:reply|response|message)",
)

ABSENCE_SUBJECT = _start(
    r"out[ -]of[ -](?:the[ -])?office",
    r"ooo\b",
    r"i am (?:currently )?(?:out of|away)",
    r"away from (?:my|the|mail|office|desk)",
    r"[^:\n]{2,60} is out of the office\b",
    r"[^:\n]{2,60} ist (?:außer haus|abwesend)\b",
    r"(?:on )?(?:vacation|annual leave|holiday)(?: notice| message)?(?=\s*:|\s+re:|" + END + ")",
    r"abwesen(?:d|heit)",
    r"au(?:ß|ss)er haus",
    r"ich bin (?:derzeit |zur zeit )?nicht im (?:b.ro|haus)e?\b",
    r"urlaubs?",
    r"absence (?:du bureau|de bureau)?",
    r"absent(?:e)? (?:du bureau|:)",
    r"fuera de (?:la )?oficina",
    r"ausente",
    r"ausencia",
    r"(?:em )?ausência",
    r"fora do escrit",
    r"fuori (?:ufficio|sede)",
    r"assen(?:za|te)",
    r"afwezig",
    r"fr.nvar(?:ande|o\b)",
    r"frav.r",
    r"poissa",
    r"nieobecno",
    r"poza biurem",
    r"mimo kancel",
    r"вне офиса",
    r"отсутств",
    r"(?:я )?в отпуске",
    r"ofis d..",
    r"不在(?:通知|連絡|です)",
    r"外出",
    r"休[假暇]中?",
    r"خارج از (?:دفتر|اداره|محل کار)",
    r"(?:در )?مرخصی",
    r"عدم حضور",
    r"(?:لست في|خارج) المكتب",
)

# After a word of absence: what makes it the whole subject, or stands before the one that is answered.
ABSENCE_ALONE = re.compile(
    r"\w*(?:[ -]+(?:notice|notification|message|reply|response|office|until\b.{0,40}|till\b.{0,40}|from\b.{0,40}|"
    r"bis\b.{0,40}|vom\b.{0,40}|jusqu.{0,40}|du\b.{0,40}|hasta\b.{0,40}|fino\b.{0,40}|تا\b.{0,40}|"
    r"tempor.r?\w{1,5}|هستم)){0,2}"
    r"\s*(?:[:：]|(?:re|aw|sv)\s*:|[.!]*$)",
    re.IGNORECASE,
)

ABSENCE_TEXT = _anywhere(
    r"\b(?:i am|i'm|i will be|i'll be|currently) (?:currently |now |presently )?(?:out of (?:the |"
    r"my )?(?:office|country|town)|away|on (?:annual |maternity |paternity |parental |sick )?(?:leave|"
    r"vacation|holiday)|travel?ling|abroad|not in the office)",
    r"\blimited access to (?:my )?e-?mail",
    r"\bthis is an auto(?:matic|mated|-?generated)",
    r"\bupon my return\b",
    r"\bwhen i (?:return|get back|am back)\b",
    r"\bbis (?:zum|einschlie)",
    r"\bnicht im (?:büro|hause)\b",
    r"\bab dem .{0,30}wieder\b",
    r"\bim urlaub\b",
    r"\babsent(?:e)? (?:du bureau|jusqu|du \d)",
    r"\bje suis (?:actuellement )?(?:absent|en cong)",
    r"\bestoy (?:fuera|de vacaciones|ausente)",
    r"\bestar. (?:fuera|ausente)",
    r"\bestou (?:fora|de f.rias|ausente)",
    r"\bsono (?:assente|fuori|in ferie)",
    r"\bafwezig\b",
    r"در (?:دفتر|محل کار|اداره).{0,20}(?:نیستم|نمی.?باشم|نخواهم)",
    r"در مرخصی",
    r"به (?:صورت|طور) خودکار",
    r"انا خارج|أنا خارج|في إجازة",
    r"не (?:буду|нахожусь) в офисе",
    r"в отпуске",
    r"不在にして|休暇",
)

# "---- Forwarded message ----" in the words of mail programs: what follows is somebody else's.
FORWARDED = re.compile(
    r"^(?:>|\W{0,12}(?:begin forwarded|forwarded (?:message|by)|original (?:message|appointment)|"
    r"ursprüngliche nachricht|weitergeleitete|"
    r"message (?:transféré|d'origine|original)|mensaje (?:reenviado|original)|mensagem (?:encaminhada|"
    r"original)|messaggio (?:inoltrato|originale)|"
    r"пересыла|転送|پیام (?:اصلی|فرستاده)))",
    re.IGNORECASE | re.MULTILINE,
)
