import { headerOf, type Mail } from './mail.ts';

/** What a mail that reached an error address is. Only `failed` can be about a dead address. */
export type MailKind =
  /** Delivery to at least one recipient failed. */
  | 'failed'
  /** Still being tried (RFC 3464, Action: delayed): no failure. */
  | 'delayed'
  /** Delivered, relayed or expanded: no failure. */
  | 'delivered'
  /** A recipient called the message spam (RFC 5965). */
  | 'complaint'
  /** A feedback report of another kind: not-spam, authentication failures. */
  | 'feedback'
  /** A disposition notification (RFC 8098): read, deleted, not opened. */
  | 'receipt'
  /** Somebody's machine answered (RFC 3834). */
  | 'auto-reply'
  /** Somebody's machine wants a proof before it delivers. */
  | 'challenge'
  /** Anything else: written by a person, or not understood. */
  | 'ordinary';

export type KindQuestion = {
  readonly mail: Mail;
  /** The report's own words on one line. */
  readonly body: string;
  readonly actions: readonly ('failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded')[];
  readonly feedbackType: string | undefined;
  readonly isReceipt: boolean;
  /** Recipients found in free text or named in X-Failed-Recipients. */
  readonly recipients: number;
  readonly hasReturned: boolean;
};

const CHALLENGE =
  /(?:(?:verif|confirm|authenticat|prove)\w*(?: \S+){0,8} (?:you(?:'re| are)?|your (?:e-?mail|address|message|identity)|sender|human)|protected by|challenge|spam ?arrest|boxbe|tmda|one[- ]time|allowed list|approved (?:senders?|list)|white ?list)(?:.{0,600}(?:click|reply|visit|follow|link|https?:))/i;

const REPORTED_CHALLENGE =
  /(?:requires? (?:your |a )?(?:confirmation|verification)|(?:verify|confirm|prove) (?:that )?you(?:'re| are)|challenge[- ]response|boxbe|spam ?arrest|tmda)(?:.{0,600}(?:click|reply|visit|follow|link|https?:))/i;

const CHALLENGE_SUBJECT =
  /(?:confirm(?:ation)? (?:required|your)|please (?:confirm|verify|authenticate)|action required to deliver|verify your (?:message|e-?mail))/i;

const AUTO_REPLY_SUBJECT =
  /(?:auto(?:matic|mated)?[- ]?(?:re(?:ply|sponse|sponder|spons)\b)|out of (?:the )?office|away from|on vacation|vacation (?:reply|notice)|\bAway until|^\s*(?:auto(?:matisch)?|ooo)\s*:|automatische (?:antwort|rückmeldung)|abwesenheit|abwesend|nicht im büro|réponse automatique|absence du bureau|absent|respuesta automática|fuera de (?:la )?oficina|resposta automática|fora do escritório|risposta automatica|fuori ufficio|automatisch antwoord|afwezig|automatyczna odpowied|nieobecno|poza biurem|автоответ|автоматический ответ|отсутств|вне офиса|自動(?:返信|応答|回答)|不在|自动(?:回复|答复)|自動回覆|外出)/i;

const BOUNCE_SUBJECT =
  /(?:mail failed|processing error|undeliver|non[- ]?deliver|not deliver|unable to deliver|undelivered|returned (?:mail|to sender|e?-?mail)|return(?:ed|ing) message|delivery (?:status|fail|problem|error|notification|has failed|report|unsuccessful)|mail delivery|failure (?:notice|delivery)|failed (?:delivery|mail|message)|message (?:status|not delivered|could not|you sent)|mail (?:system )?error|(?:mail|message) could not|mail failure|bounce|cannot (?:be )?(?:deliver|send)|couldn'?t be delivered|permanent (?:error|fail)|delivery failure|notice: mail|user unknown|unzustell|nicht zustell|unzustellbar|zustell|non remis|échec (?:de|d)|non distribu|no se (?:puede|pudo|ha podido)|no entregado|error de entrega|não (?:entregue|pôde|foi)|falha (?:na|de) entrega|mancata consegna|non recapit|impossibile recapitare|niet (?:bezorg|afgelever)|onbestelbaar|niedostarcz|nie dostarcz|zwrot|не(?:доставлен| доставлен|возможно доставить)|ошибка доставки|送信できません|配信(?:不能|エラー|できません)|不達|届きません|戻り|退信|投递失败|系统退信|無法(?:傳遞|投遞)|无法投递|non recapitabil|não entregável|niet te bezorgen|nie można dostarczyć|не удается доставить|недостав|无法送达|未送达|未传递|無法送達|반송|(?:메일|발송|전송|전달|배달|수신)[^.]{0,12}(?:실패|불가|되지|못|오류)|수신 ?거부|teslim edilemedi|nedoručiteln|nie dostarczono|kunde inte levereras|kan ikke leveres|ei voitu toimittaa|kézbesíthetetlen|returned|not (?:a )?member|blocked by|warning: |loop (?:back )?alert|send mail as|teslim edil(?:e)?m|iletilem|gönderilem|không (?:thể |được )?(?:gửi|chuyển|phát)|ไม่สามารถส่ง|ส่งไม่ถึง|تعذر|فشل|לא ניתן ל|נכשל|αδυναμία|απέτυχε|δεν (?:παραδόθηκε|ήταν δυνατή)|olevere|(?:kunde|kunne|kan|kunnat) (?:inte|ikke|ej)|ikke leveret|ei voitu|epäonnistui|nelze doru|nedoru|kézbesít|nelivrat|nu a putut fi|не доставлен|не було доставлено|не удалось доставить|(?:配信|送信|配送|お届け)[^。]{0,10}(?:できません|できなかった|失敗|エラー|不能)|退回|发送失败|投遞失敗|未(?:能)?送达|无法(?:发送|送达|寄达)|無法(?:寄達|送達)|寄送失敗|tidak (?:dapat|terkirim)|gagal)/i;

const BOUNCE_BODY =
  /(?:failed address|(?:has been|was|is|being) returned (?:to you|because|due|as )|(?:could|can|was|were|has|have|is|been|be) ?n['o]?t (?:be |been )?(?:deliver|sent|reach|accepted)|not delivered|(?:not able|unable|failed|impossible) to (?:be )?(?:deliver|send|reach)|n['o]?t able to deliver|(?:mailer|mail) daemon (?:program )?at|delivery (?:to|of|has|failed|attempt|error)|undeliverable|permanent (?:fatal )?error|returned to (?:the )?sender|fatal errors?|delivery problems?|failed recipient|did not reach|user unknown|unknown user|mailbox (?:is )?full|over quota|no such user|transcript of session|not been delivered|nicht (?:zugestellt|zustell)|konnte nicht|échec de la remise|n'a pas (?:pu|été)|no se (?:ha )?(?:pudo|podido)|não (?:pôde|foi|pode)|non (?:è stato|può)|mancata consegna|kon niet|nie (?:można|mogła|został)|не (?:может быть|удалось|доставлен|был)|送信できません|配信できません|送れません|届け|無法|无法|失败|못했습니다|보낼 수 없|(?:메일|발송|전송|전달|배달|수신)[^.]{0,12}(?:실패|불가|되지|못|오류)|teslim edilemedi|kunde inte levereras|nelze doručit|[45]\d\d[ -]#?[45]\.\d\.\d|not a member|duplicated message-id|loop alert|teslim edil(?:e)?m|iletilem|gönderilem|không (?:thể |được )?(?:gửi|chuyển|phát)|ไม่สามารถส่ง|ส่งไม่ถึง|تعذر|فشل|לא ניתן ל|נכשל|αδυναμία|απέτυχε|δεν (?:παραδόθηκε|ήταν δυνατή)|olevere|(?:kunde|kunne|kan|kunnat) (?:inte|ikke|ej)|ikke leveret|ei voitu|epäonnistui|nelze doru|nedoru|kézbesít|nelivrat|nu a putut fi|не доставлен|не було доставлено|не удалось доставить|(?:配信|送信|配送|お届け)[^。]{0,10}(?:できません|できなかった|失敗|エラー|不能)|退回|发送失败|投遞失敗|未(?:能)?送达|无法(?:发送|送达|寄达)|無法(?:寄達|送達)|寄送失敗|tidak (?:dapat|terkirim)|gagal)/i;

/** What a mail system means by these words, and a person may mean otherwise. */
const MACHINE_SUBJECT =
  /(?:recipient|user|mailbox|(?:e-?mail )?address|account) (?:does ?n['o]t exist|does not exist|(?:is )?unknown|(?:was )?not found)|(?:rejected|refused) (?:posting|message|mail)|message (?:rejected|blocked|refused|returned)/i;

const MACHINE_BODY =
  /not +(?:allowed|authori[sz]ed|permitted) +to +(?:post|send +(?:e-?)?mail)|(?:been|was) automatically rejected|(?:has|have) (?:stopped|blocked|rejected|refused) (?:the following|your|this) (?:e-?mail|mail|message)/i;

/** What mail programs put before the subject of a mail that is answered or passed on. */
const PASSED_ON =
  /\[fwd?:|^\s*(?:re|aw|sv|vs|antw|fwd?|wg|tr|rv|enc|rif|odp|pd|\u0e15\u0e2d\u0e1a|\u8f6c\u53d1|\u7b54\u590d)(?:\[\d+\])?\s*[:\uff1a]/i;

const DAEMON =
  /(?:mailer[-_. ]?daemon|post[-_. ]?master|mail[-_. ]delivery|mail[-_ ]?administrator|mail[-_. ]?system|delivery subsystem|maildelivery|bounce|microsoft ?(?:outlook|exchange)|mail ?server|mail[-_. ]?(?:gateway|scanner|filter|sweeper|guard|marshal|security)|interscan|gateway@|firewall|anti-?(?:spam|virus)|virus ?(?:scan|wall)|posta[-_. ]?certificata|listserv|majordomo|mailman|mdaemon@|[-.](?:admin|owner|request|bounces)@|\bowner-[^@\s]{1,60}@)/i;

/** How a report introduces itself, whoever its header says has sent it. */
const INTRODUCED =
  /^[\s*=_#|-]{0,200}(?:(?:message|notice|notification) from (?:the )?(?:[\w-]{1,40} ){0,4}(?:mail|e-?mail|virus|gateway|messaging|security)|(?:non[- ]?delivery|delivery (?:failure|status)|undeliverable (?:mail|message)?|bounce) (?:report|notification|notice)|(?:your|the following) (?:e-?mail |mail )?(?:message|e-?mail|mail) (?:could not|can ?not|was not|has not been) (?:be )?deliver|votre (?:message|e-?mail|courrier) n'a (?:pas )?pu (?:[eê]tre )?(?:d[eé]livr|remis|distribu|transmis|achemin)|ihre (?:nachricht|e-?mail) konnte nicht (?:\S+ )?zugestellt|su (?:mensaje|correo) no (?:se )?(?:pudo|ha podido) (?:ser )?entreg|sua mensagem n[aã]o (?:p[oô]de|foi) (?:ser )?entreg|il (?:suo )?messaggio non (?:[eè] stato|pu[oò] essere) (?:recapit|consegn))/i;

const DELAYED =
  /(?:delay(?:ed)?\b.{0,80}(?:retr|will|keep|contin|hours?|still|queue|minutes|warning)|warning: (?:message|could not send|mail)|still being retried|still (?:trying|attempting)|not yet been delivered|temporary failure report|do not need to (?:re-?send|do anything)|has been delayed|will (?:continue|keep|be) (?:to )?(?:try|retr)|will retry (?:for|until|again)|\(delay(?:ed)?\)|attempts will (?:continue|be repeated)|verzögert|retardad[oa]|retardée?|ritardat|vertraagd|opóźnion|задерж|遅延|延迟)/i;

/**
 * Tells what a mail is. A machine-readable report comes first; then what only a bounce has; an automatic answer is told
 * by its header and subject, since its text is its author's.
 */
export function kindOf(question: KindQuestion): MailKind {
  const { mail, body, actions, feedbackType, isReceipt, recipients } = question;
  if (feedbackType !== undefined) return isComplaint(feedbackType) ? 'complaint' : 'feedback';
  const report = headerOf(mail, 'content-type').toLowerCase();
  if (report.includes('feedback-report')) return 'complaint';
  if (isReceipt || report.includes('disposition-notification')) return REJECTED.test(body) ? 'failed' : 'receipt';
  if (isChallenge(question)) return 'challenge';
  if (actions.includes('failed')) return 'failed';
  if (actions.includes('delayed')) return 'delayed';
  if (actions.length > 0) return 'delivered';
  if (bounceSigns(question) >= 4) return isDelayed(mail, body) ? 'delayed' : 'failed';
  if (!isAutoReply(mail)) return 'ordinary';
  return recipients > 0 && saysNobodyHere(mail, body) ? 'failed' : 'auto-reply';
}

/** A mail store that would not take a message says so as a reader would (RFC 5429 §2.1.2). */
const REJECTED = /was automatically rejected:/i;

const COMPLAINTS = new Set(['abuse', 'fraud', 'virus', 'opt-out', 'opt-out-list', 'miscategorized', 'other', 'dkim']);

function isComplaint(feedbackType: string): boolean {
  return COMPLAINTS.has(feedbackType.trim().toLowerCase());
}

function isChallenge({ mail, body, actions }: KindQuestion): boolean {
  // A refusal may name a page, too, where one asks to be let in: in a report only plain words make it a challenge.
  if (actions.includes('failed')) return REPORTED_CHALLENGE.test(body.slice(0, 4000));
  return CHALLENGE.test(body.slice(0, 4000)) || CHALLENGE_SUBJECT.test(mail.subject.slice(0, 300));
}

function bounceSigns({ mail, body, recipients, hasReturned }: KindQuestion): number {
  const subject = mail.subject.slice(0, 300);
  const answered = isAutoReply(mail) && !isMachine(mail);
  const machine = isMachine(mail) || isNull(headerOf(mail, 'return-path'));
  const introduced = INTRODUCED.test(body.slice(0, 400));
  const daemon = machine || introduced;
  const headed = BOUNCE_SUBJECT.test(subject) || (daemon && MACHINE_SUBJECT.test(subject));
  const start = body.slice(0, 6000);
  return (
    (mail.headers.has('x-failed-recipients') ? 4 : 0) +
    (headerOf(mail, 'content-type').toLowerCase().includes('multipart/report') ? 2 : 0) +
    (headed ? 2 : 0) +
    (daemon ? 1 : 0) +
    (BOUNCE_BODY.test(start) || (daemon && MACHINE_BODY.test(start)) ? 2 : 0) +
    (hasReturned ? 1 : 0) +
    (recipients > 0 ? 1 : 0) -
    (answered ? 3 : 0) -
    // A person passes a report on, or writes of a delivery: no mail system, and nobody whose mail failed.
    (!machine && !(introduced && headed) && PASSED_ON.test(subject) ? 3 : 0) -
    // … nor a list of readers.
    (!daemon && (mail.headers.has('list-id') || mail.headers.has('list-unsubscribe')) ? 3 : 0) -
    (!daemon && !hasReturned ? 2 : 0)
  );
}

/** A mail system by the name that it gives itself; nobody else leaves its own address empty. */
function isMachine(mail: Mail): boolean {
  return mail.from === '' || DAEMON.test(mail.fromName.slice(0, 200));
}

function isNull(reversePath: string): boolean {
  return /^\s*<\s*>\s*$/.test(reversePath);
}

function isDelayed(mail: Mail, body: string): boolean {
  return DELAYED.test(mail.subject.slice(0, 300)) || DELAYED.test(body.slice(0, 2000));
}

function isAutoReply(mail: Mail): boolean {
  const submitted = headerOf(mail, 'auto-submitted').trim().toLowerCase();
  return (
    submitted.startsWith('auto-replied') ||
    submitted.startsWith('auto-generated') ||
    ['x-autoreply', 'x-autorespond', 'x-autoresponder', 'x-auto-reply', 'x-vacation'].some((name) =>
      mail.headers.has(name),
    ) ||
    // CommuniGate writes the same field into what a rule of a mailbox passes on.
    /^(?!\s*(?:mirror|forward|group))/i.test(mail.headers.get('x-autogenerated')?.[0] ?? 'mirror') ||
    /^\s*auto_?reply/i.test(headerOf(mail, 'precedence')) ||
    (/oof|autoreply|\ball\b/i.test(headerOf(mail, 'x-auto-response-suppress')) && mail.headers.has('in-reply-to')) ||
    AUTO_REPLY_SUBJECT.test(mail.subject.slice(0, 300)) ||
    isThanks(mail)
  );
}

/**
 * A robot that names the address written to and says in the same breath that nobody has it there. Who is away, or has
 * another address, does not speak so of a user.
 */
const NOBODY_HERE =
  /^.{0,200}(?:you (?:have |had |just ){0,2}(?:sent|wrote|e-?mailed|mailed|tried to (?:send|reach|mail|e-?mail))|your (?:e-?mail|mail|message) (?:was |is )?(?:sent|addressed|directed)|(?:e-?mail|mail|message) (?:sent|addressed)) .{0,60}@[^\s@]{1,100}.{0,60}(?:not|n't|no)(?: an?| any)?(?: such| known| valid| existing| current)? (?:user|mailbox|account|recipient)(?: by that name)? (?:here|(?:at|on|in) (?:this|our) (?:site|server|system|domain|host))/i;

function saysNobodyHere(mail: Mail, body: string): boolean {
  const subject = mail.subject.slice(0, 300);
  return !AUTO_REPLY_SUBJECT.test(subject) && NOBODY_HERE.test(body.slice(0, 800));
}

/** An answer to nobody that thanks for a mail: the oldest robots leave no header. */
function isThanks(mail: Mail): boolean {
  return (
    isNull(headerOf(mail, 'return-path')) &&
    /\bthank(?:s| you)\b|\bvielen dank\b|\bmerci\b|\bgracias\b|\bgrazie\b|\bobrigad/i.test(mail.subject.slice(0, 300))
  );
}
