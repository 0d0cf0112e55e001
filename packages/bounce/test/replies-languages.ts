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
];
