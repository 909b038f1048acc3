"""The words by which mail programs announce what they quote, in the languages of the world.

Programs write them in their user's language, so a German answer may quote below "On … wrote:" and
an English one below "发件人:". Everything here is matched on one line or on a few lines joined, at
most ``LONGEST`` characters, and no pattern can take long on any of them.
"""

import re

LONGEST = 400
"""Characters of an announcement; the rest of a longer line is not looked at."""

_VERBS = (
    r"wrote|writes|sent|schrieb(?:en)?|geschrieben|a écrit|écrivait|escribió|escribio|ha escrito|"
    r"ha scritto|scrisse|escreveu|schreef|geschreven|napisał(?:\(?a\)?|a|o)?|pisze|skrev|skriver|"
    r"пишет|писал[аи]?|написал(?:\(а\)|а|и)?|написав|kirjoitti|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|"
    r"írta|a scris|yazdı|έγραψε|đã viết|napisao|je napisal|menulis|작성|写道|写到|寫道|書きました"
)
_VERB = rf"(?:{_VERBS})"
# Scripts without spaces have no word boundary before their verb.
_CJK_VERB = r"(?:写道|写到|寫道|書きました|作成|작성|のメール|のメッセージ|님이 작성|썼습니다)"
_ADDRESS = r"[^\s<>()\[\]@:,;]{1,80}@[^\s<>()\[\]@:,;]{1,100}"

STARTS = re.compile(
    r"(?:On|Am|Le|El|Il|Em|Op|Den|På|W dniu|Dnia|Dne|Dňa|Pe|La|Vào|Pada|Στις|Tarih|"
    r"\d{1,4}[./年-]\s?\d{1,2}[./月-]\s?\d{1,4}|\d{1,2} \w{3,12} \d{4}|在|于|於|"
    r"(?:Mo|Di|Mi|Do|Fr|Sa|So|Mon|Tue|Wed|Thu|Fri|Sat|Sun|lun|mar|mié|jue|vie|ma|ti|to|pe|"
    r"пн|вт|ср|чт|пт|сб|вс|пт)[a-zа-я]{0,8}[.,] )",
)
"""How an announcement that may go over several lines begins."""

SAID = re.compile(
    rf"(?=[^\n]{{0,300}}\d)[^\n]{{2,320}}?(?:\b{_VERB}\b|{_CJK_VERB})[^\n:：]{{0,120}}[:：]\s*$"
)
"""``On 11-Apr-2011, at 6:54 PM, Roman <r@example.com> wrote:`` and its kin, from its beginning."""

SAID_WITHOUT_DATE = re.compile(
    rf"(?:[^\n:：]{{0,160}}<?{_ADDRESS}>?\)?[^\n:：]{{0,60}}|[^\n:：@\d]{{2,60}}?\s)"
    rf"(?:{_VERB}|{_CJK_VERB})\s*[:：]?\s*$"
)
"""``Roman <r@example.com> wrote:``, or with no address, where quoted lines follow."""

DATED = re.compile(
    rf"(?:\w{{2,12}}[.,]? )?\d{{1,4}}[./年-]\s?\d{{1,2}}[./月-]\s?\d{{1,4}}[^\n@]{{0,160}}"
    rf"[<(\"“]*{_ADDRESS}[>)\"”]*[^\n:：]{{0,40}}[:：]?\s*$"
)
"""``2011/4/7 Nathan <n@example.com>`` or ``26.06.2014, 14:41, "A" <a@example.com>:``."""

TIMED = re.compile(
    rf"[^\n@]{{2,120}}?\d{{1,2}}[:.]\d\d\b[^\n@]{{0,120}}[<(\"“]*{_ADDRESS}[>)\"”]*\s*[:：]\s*$"
)
"""``ср, 1 янв. 2020 г. в 10:00, Иван <i@example.ru>:``, which has no verb."""

_ORIGINAL = (
    r"original message|original appointment|reply message|ursprüngliche nachricht|"
    r"originalnachricht|urspr\. nachricht|antwortnachricht|message d'origine|message original|"
    r"mensaje original|messaggio originale|mensagem original|oorspronkelijk(?:e)? bericht|"
    r"origineel bericht|wiadomość oryginalna|oryginalna wiadomość|ursprungligt meddelande|"
    r"originalmeddelande|oprindelig meddelelse|opprinnelig melding|исходное сообщение|"
    r"оригинальное сообщение|alkuperäinen viesti|původní zpráva|pôvodná správa|eredeti üzenet|"
    r"orijinal ileti|orijinal mesaj|mesaj original|原始邮件|原始信息|原始郵件|原始訊息|原邮件|"
    r"元のメッセージ|元のメール|원본 메시지|원본 메일"
)
_FORWARDED = (
    r"forwarded (?:message|mail)|forwarded by [^\n]{1,80}|weitergeleitete nachricht|"
    r"message transféré|message réexpédié|courriel transféré|mensaje reenviado|"
    r"messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|doorgestuurd bericht|"
    r"przekazana wiadomość|treść przekazanej wiadomości|vidarebefordrat (?:meddelande|brev)|"
    r"videresendt (?:meddelelse|melding)|пересылаемое сообщение|пересланное сообщение|"
    r"välitetty viesti|přeposlaná zpráva|preposlaná správa|továbbított üzenet|yönlendirilen "
    r"(?:ileti|mesaj)|转发的邮件|转发邮件|轉寄郵件|轉寄的郵件|轉寄訊息|転送メッセージ|"
    r"転送されたメッセージ|転送メール|전달된 메시지|전달된 메일"
)
_BEGUN = (
    r"begin forwarded message|start of forwarded message|forwarded message|"
    r"anfang der weitergeleiteten (?:nachricht|e-mail)|début du (?:message|courriel) "
    r"(?:réexpédié|transféré)|inicio del mensaje reenviado|inizio(?: del)? messaggio inoltrato|"
    r"início da mensagem (?:encaminhada|reencaminhada)|begin doorgestuurd bericht|"
    r"vidarebefordrat brev|start på vidaresänt meddelande|videresendt besked|"
    r"początek przekazywanej wiadomości|начало переадресованного сообщения|"
    r"下面是被转发的邮件|下面是轉寄的郵件|開始轉寄訊息|轉寄的訊息|転送されたメッセージ|"
    r"전달된 메시지 시작"
)
ORIGINAL = re.compile(rf"[-_=*]{{2,}}\s*(?:{_ORIGINAL})\s*[-_=*]{{2,}}\s*$", re.IGNORECASE)
"""``-----Original Message-----``"""
FORWARDED = re.compile(
    rf"(?:[-_=*]{{2,}}\s*(?:{_FORWARDED})\s*[-_=*:]{{2,}}|(?:{_BEGUN})\s?[:：])\s*$", re.IGNORECASE
)
"""``---------- Forwarded message ----------`` or ``Begin forwarded message:``"""
DIVIDER = re.compile(r"[-_=*]{2,}\s?[^-_=*\n][^\n]{1,60}?\s?[-_=*]{2,}\s*$")
"""Words between dashes, in whatever language; counts where headers follow."""
RULE = re.compile(r"[-_=*–—]{5,}\s*$")
"""A line drawn across."""

_LABELS = {
    "from": "From|Von|De|Da|Van|Od|Från|Fra|От|От кого|Від|Lähettäjä|Kimden|Gönderen|Feladó|"
    "Από|Expéditeur|Remitente|Mittente|Dari|Từ|发件人|寄件者|寄件人|差出人|送信元|送信者|보낸 사람|"
    "보낸사람|발신",
    "date": "Sent|Date|Gesendet|Datum|Envoyé|Fecha|Enviado|Enviado el|Enviada em|Enviado em|"
    "Data|Inviato|Verzonden|Wysłano|Data wysłania|Skickat|Sendt|Dato|Отправлено|Дата|"
    "Päivämäärä|Lähetetty|Tarih|Gönderildi|Elküldve|Dátum|Odesláno|Odoslané|Ημερομηνία|Tanggal|"
    "发送时间|发送日期|时间|日期|傳送時間|傳送日期|寄件日期|時間|送信日時|送信日|日付|日時|"
    "보낸 날짜|날짜|보낸시간",
    "to": "To|An|À|A|Pour|Para|Aan|Do|Till|Til|Кому|Vastaanottaja|Kime|Címzett|Komu|Προς|"
    "Destinataire|Destinatario|Kepada|收件人|收件者|宛先|받는 사람|받는사람|수신",
    "cc": "Cc|Kopie|Copie à|Copia|Kopia|Копия|Kopio|Bilgi|Másolat|抄送|副本|写し|참조",
    "subject": "Subject|Betreff|Objet|Sujet|Asunto|Assunto|Oggetto|Onderwerp|Temat|Ämne|Emne|"
    "Тема|Aihe|Konu|Tárgy|Předmět|Predmet|Θέμα|Perihal|Subiect|主题|主題|主旨|标题|件名|제목",
    "reply-to": "Reply-To|Reply To|Antwort an|Antworten an|Répondre à|Responder a|Rispondi a|"
    "Antwoord aan|Odpowiedz do|Svara till|Ответить|回复|回覆|返信先|답장",
}
_KINDS = {label.casefold(): kind for kind, labels in _LABELS.items() for label in labels.split("|")}
_ANY_LABEL = "|".join(sorted(map(re.escape, "|".join(_LABELS.values()).split("|")), key=len))
_ANY_LABEL = "|".join(reversed(_ANY_LABEL.split("|")))
LABELLED = re.compile(
    rf"[*_]{{0,2}}({_ANY_LABEL})[*_]{{0,2}}\s?[:：][*_]{{0,2}}\s*(.*)$", re.IGNORECASE
)
"""``From: Jane <jane@example.org>``; groups: the label, the value."""
INSIDE = re.compile(rf"(?:^|\s)[*_]{{0,2}}({_ANY_LABEL})[*_]{{0,2}}\s?[:：]\s", re.IGNORECASE)
"""A label within a line, where a program put several on one."""


def kind_of(label: str) -> str:
    """Return which header a label is: from, date, to, cc, subject or reply-to."""
    return _KINDS[label.casefold()]


MOBILE = re.compile(
    r"(?:sent (?:from|via|with|using) (?!the\b)[^\n]{2,60}|get outlook for [^\n]{2,30}|"
    r"(?:von|mit) mein(?:em|er) [^\n]{2,60} gesendet|gesendet (?:von|mit) [^\n]{2,60}|"
    r"diese nachricht wurde von mein[^\n]{2,80} gesendet|"
    r"envoyé (?:de|depuis) (?:mon|ma) [^\n]{2,50}|"
    r"envoyé à partir de [^\n]{2,50}|enviado (?:desde|do|de) (?:mi|meu|el) [^\n]{2,50}|"
    r"inviato (?:da|dal) [^\n]{2,50}|ver(?:stuurd|zonden) vanaf mijn [^\n]{2,50}|"
    r"wysłane? z [^\n]{2,50}|skickat från min [^\n]{2,50}|sendt fra min [^\n]{2,50}|"
    r"lähetetty [^\n]{2,50}(?:sta|stä|lta|ltä)|отправлено (?:с|из) [^\n]{2,50}|"
    r"发自我的[^\n]{1,40}|從我的[^\n]{1,40}傳送|[^\n]{2,40}から送信|[^\n]{2,40}에서 보냄)\.?\s*$",
    re.IGNORECASE,
)
"""What telephones write below a message."""

DISCLAIMER = re.compile(
    r"(?:this (?:e-?mail|message|communication)\b[^\n]{0,80}\b(?:confidential|intended|privileged)|"
    r"confidentiality (?:notice|note|statement)|(?:legal )?disclaimer\b|"
    r"the information (?:contained )?in this (?:e-?mail|message)|"
    r"diese (?:e-?mail|nachricht)[^\n]{0,60}\bvertraulich|"
    r"ce(?:t)? (?:message|courriel|e-?mail)[^\n]{0,80}\bconfidentie|"
    r"este (?:mensaje|correo|e-?mail)[^\n]{0,80}\bconfidencia|"
    r"questo messaggio[^\n]{0,80}\briservat|"
    r"(?:本|此)(?:邮件|郵件|电子邮件|電子郵件)[^\n]{0,40}(?:保密|机密|機密))",
    re.IGNORECASE,
)
"""What lawyers write below it."""
