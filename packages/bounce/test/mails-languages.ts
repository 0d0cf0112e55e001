import type { FailureReason } from '@mxflow/domain';

import { plain } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

type Words = readonly [language: string, subject: string, intro: string, unknown: string, full: string];

/** Reports in the words of mail systems that speak to people: subject, announcement, unknown address, full mailbox. */
const WORDS: readonly Words[] = [
  [
    'German',
    'Unzustellbar: Neues',
    'Fehler bei der Zustellung an folgende Empfänger oder Gruppen:',
    'Die von Ihnen eingegebene E-Mail-Adresse konnte nicht gefunden werden.',
    'Das Postfach des Empfängers ist voll und kann zurzeit keine Nachrichten annehmen.',
  ],
  [
    'French',
    'Non remis : Nouvelles',
    'Échec de la remise à ces destinataires ou groupes :',
    "L'adresse de messagerie que vous avez entrée est introuvable.",
    'La boîte aux lettres du destinataire est pleine.',
  ],
  [
    'Spanish',
    'No se puede entregar: Noticias',
    'Error de entrega a los siguientes destinatarios o grupos:',
    'No se encontró la dirección de correo electrónico que ha escrito.',
    'El buzón del destinatario está lleno.',
  ],
  [
    'Portuguese',
    'Não entregável: Notícias',
    'Falha na entrega a estes destinatários ou grupos:',
    'Não foi possível encontrar o endereço de email inserido.',
    'A caixa de correio do destinatário está cheia.',
  ],
  [
    'Italian',
    'Non recapitabile: Novità',
    'Recapito non riuscito per i seguenti destinatari o gruppi:',
    "L'indirizzo di posta elettronica immesso non è stato trovato.",
    'La cassetta postale del destinatario è piena.',
  ],
  [
    'Dutch',
    'Onbestelbaar: Nieuws',
    'De bezorging is mislukt aan deze geadresseerden of groepen:',
    'Het e-mailadres dat u hebt ingevoerd, kan niet worden gevonden.',
    'Het postvak van de geadresseerde is vol.',
  ],
  [
    'Polish',
    'Niedostarczone: Nowości',
    'Dostarczenie do następujących adresatów lub grup nie powiodło się:',
    'Nie można odnaleźć wprowadzonego adresu e-mail.',
    'Skrzynka pocztowa adresata jest pełna.',
  ],
  [
    'Russian',
    'Недоставлено: Новости',
    'Не удалось выполнить доставку следующим получателям или группам:',
    'Введенный вами адрес электронной почты не найден.',
    'Почтовый ящик получателя переполнен.',
  ],
  [
    'Japanese',
    '配信不能: お知らせ',
    '次の受信者またはグループへの配信に失敗しました:',
    '入力した電子メール アドレスは見つかりませんでした。',
    '受信者のメールボックスがいっぱいです。',
  ],
  ['Chinese', '无法送达: 新闻', '未能向以下收件人或组发送邮件:', '找不到您输入的电子邮件地址。', '收件人的邮箱已满。'],
  [
    'Korean',
    '배달되지 않음: 소식',
    '다음 받는 사람 또는 그룹에게 배달하지 못했습니다:',
    '입력한 전자 메일 주소를 찾을 수 없습니다.',
    '받는 사람의 사서함이 꽉 찼습니다.',
  ],
];

const report = ([language, subject, intro]: Words, words: string, reason: FailureReason): OwnMail => ({
  name: `a report in ${language}`,
  kind: 'failed',
  recipients: [['reader@far.example', reason]],
  mail: plain({
    from: 'Postmaster <postmaster@far.example>',
    subject,
    text: `${intro}\n\nreader@far.example\n${words}\n`,
  }),
});

/** Reports in the languages that we claim to read. */
export const LANGUAGE_MAILS: readonly OwnMail[] = WORDS.flatMap((words) => [
  report(words, words[3], 'user-unknown'),
  report(words, words[4], 'mailbox-full'),
]);
