import type { Said } from './replies-address.ts';

/** Unknown users in other languages. */
export const LANGUAGE_REPLIES: readonly Said[] = [
  {
    by: 'German',
    reason: 'user-unknown',
    replies: [
      '550 5.1.1 Der Empfänger ist unbekannt',
      '550 Benutzer unbekannt',
      '550 Das Postfach existiert nicht',
      'Ihre Nachricht konnte nicht zugestellt werden: Die E-Mail-Adresse wurde nicht gefunden.',
      'Der Empfänger nobody@shop.example wurde nicht gefunden',
    ],
  },
  {
    by: 'French',
    reason: 'user-unknown',
    replies: [
      '550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 [416]',
      "L'adresse de courriel est introuvable",
      '550 Utilisateur inconnu',
      "550 Ce destinataire n'existe pas",
      'Destinataire inconnu à cette adresse',
    ],
  },
  {
    by: 'Spanish',
    reason: 'user-unknown',
    replies: [
      '550 El usuario no existe',
      '550 5.1.1 Destinatario desconocido',
      'La cuenta de correo no existe',
      'No se encontró la dirección de correo electrónico',
    ],
  },
  {
    by: 'Portuguese',
    reason: 'user-unknown',
    replies: [
      '550 Usuário desconhecido',
      'A caixa postal não existe',
      'O destinatário não foi encontrado',
      'Endereço de e-mail inexistente',
    ],
  },
  {
    by: 'Italian',
    reason: 'user-unknown',
    replies: [
      '550 Utente sconosciuto',
      "550 5.1.1 L'indirizzo e-mail non esiste",
      'Destinatario inesistente',
      'La casella non esiste',
    ],
  },
  {
    by: 'Dutch',
    reason: 'user-unknown',
    replies: ['550 Onbekende gebruiker', 'De ontvanger bestaat niet', 'Het e-mailadres is niet gevonden'],
  },
  {
    by: 'Polish',
    reason: 'user-unknown',
    replies: [
      '550 Nieznany użytkownik',
      '550 Nie ma takiego użytkownika',
      'Skrzynka nie istnieje',
      'Nieprawidłowy adres odbiorcy',
    ],
  },
  {
    by: 'Russian',
    reason: 'user-unknown',
    replies: [
      '550 Пользователь не существует',
      'Почтовый ящик не найден',
      'Неизвестный получатель',
      'Такой адрес не существует',
      'Нет такого пользователя',
    ],
  },
  {
    by: 'Japanese',
    reason: 'user-unknown',
    replies: [
      '宛先のメールアドレスは存在しません',
      'ユーザーが見つかりません',
      '指定されたメールアドレスは存在しません。',
      '受信者が見つかりませんでした',
    ],
  },
  {
    by: 'Chinese',
    reason: 'user-unknown',
    replies: ['550 用户不存在', '收件人地址不存在', '收件人邮箱无效', '郵箱帳號不存在', '找不到用户'],
  },
  {
    by: 'Korean',
    reason: 'user-unknown',
    replies: [
      '550 존재하지 않는 사용자입니다',
      '받는 사람의 메일 주소를 찾을 수 없습니다',
      '수신자가 존재하지 않습니다',
    ],
  },
  {
    by: 'a cloud in their language',
    reason: 'user-unknown',
    replies: [
      'Ihre Nachricht an olga@example.org konnte nicht zugestellt werden. olga wurde unter example.org nicht gefunden.',
      'Votre message à olga@example.org n’a pas pu être remis. olga est introuvable sur example.org.',
      'No se pudo entregar el mensaje a olga@example.org. No se encontró olga en example.org.',
      'Non è stato possibile recapitare il messaggio a olga@example.org. olga non è stato trovato in example.org.',
      'olga@example.org へのメッセージを配信できませんでした。olga が example.org で見つかりませんでした。',
    ],
  },
  {
    by: 'a cloud in their language',
    reason: 'mailbox-full',
    replies: [
      'Posteingang des Empfängers voll. Der Posteingang des Empfängers ist voll oder es gehen derzeit zu viele E-Mails ein.',
    ],
  },
  {
    by: 'a cloud in their language',
    reason: 'invalid-domain',
    replies: ['Tu mensaje no se ha entregado a olga@exampel.org porque no se ha encontrado el dominio exampel.org.'],
  },
  {
    by: 'a cloud in their language',
    reason: 'refused',
    replies: [
      'Non si è autorizzati a inviare messaggi a questo destinatario.',
      'No tiene permiso para enviar a este destinatario.',
      'Votre message adressé à olga@example.org a été bloqué.',
      'Tu mensaje a olga@example.org se ha bloqueado.',
    ],
  },
  {
    by: 'a cloud in their language',
    reason: 'unreachable',
    replies: [
      'Sie haben ein Limit für das Senden von Nachrichten erreicht.',
      "Vous avez atteint une limite d'envoi de messages.",
      'Hai raggiunto un limite per l’invio di posta.',
      'Bei der SMTP-Kommunikation mit dem E-Mail-Server des Empfängers ist ein Problem aufgetreten.',
      'Hubo un problema de comunicación SMTP con el servidor de correo electrónico del destinatario.',
      'Die Nachricht konnte nicht innerhalb des angegebenen Zeitlimits übermittelt werden.',
    ],
  },
];
