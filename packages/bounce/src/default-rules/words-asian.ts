import type { Words } from './languages.ts';

/** Languages of eastern and southern Asia. */
export const ASIAN_WORDS: readonly Words[] = [
  {
    language: 'Japanese',
    recipient:
      '宛先|送信先|メール ?アドレス|あて先|ユーザー?|受信者|アドレス|アカウント|メール ?ボックス|利用者|会員|受取人',
    unknown:
      '存在しません|存在しない|存在せず|見つかりません|見つけられません|見つからない([^か]|$)|みつかりません|不明|間違っています|誤っています|登録されていません|登録がありません|該当しません|無効な',
    whole:
      '(ユーザー?|アドレス|宛先|受信者|アカウント|メールボックス)[がはも]?(ありません|ございません)|配信できませんでした。 ?[^ ]+ ?が ?[a-z0-9.-]+ ?で見つかりません',
    box: 'メール ?ボックス|受信箱|受信トレイ|メールサーバ|容量|保存領域|クォータ',
    full: '一杯|いっぱい|満杯|超え|超過|上限|オーバー|制限を|不足|容量[がは]ありません|空きがありません',
    disabled: '停止|無効|利用できません|凍結|休止|解約|閉鎖',
    sender: '送信者|差出人|送信元アドレス|送信元の',
    domain: 'ドメイン',
    refused: '拒否|ブロック|受け付けません|許可されて|ブラックリスト',
    examples: {
      unknown: '宛先のメールアドレスは存在しません',
      full: '受信者のメールボックスがいっぱいです',
      disabled: '550 アカウントは停止されています',
      sender: '550 送信者のアドレスは拒否されました',
      domain: '550 ドメインが存在しません',
      ip: '550 送信元IPアドレスがブロックされています',
      refused: '550 メッセージは拒否されました',
    },
  },
  {
    language: 'Chinese',
    recipient: '用户|用戶|收件人|收件者|邮箱|郵箱|信箱|帐号|账号|帳號|账户|帐户|帳戶|地址|使用者|收信人',
    unknown:
      '不存在|未找到|找不到|无效|無效|不正确|不正確|无此|無此|查无|查無|没有(该|此|这个)|沒有(該|此|這個)|未注册|未註冊',
    whole: '查无此人|查無此人',
    box: '邮箱|信箱|郵箱|收件箱|收件匣|空间|空間|容量',
    full: '满|滿|不足|超出|超过|超過|用尽|用完',
    disabled: '停用|禁用|冻结|凍結|锁定|鎖定|注销|註銷|关闭|封停',
    sender: '发件人|寄件者|寄件人|发信人|發件人',
    domain: '域名',
    refused: '拒绝|拒絕|被拒|禁止|不允许|不允許|黑名单|黑名單|被封|屏蔽|封禁',
    examples: {
      unknown: '收件人邮箱地址不存在',
      full: '收件人邮箱已满',
      disabled: '550 用户已被停用',
      sender: '550 发件人被拒',
      domain: '550 域名不存在',
      ip: '550 您的IP已被封禁',
      refused: '550 邮件被拒绝',
    },
  },
  {
    language: 'Korean',
    recipient: '사용자|수신자|수신인|받는 ?사람|메일 ?주소|이메일 주소|계정|아이디|사서함|회원|메일함',
    unknown: '존재하지|찾을 수 ?없|등록되지 않|찾지 못|알 수 없는|잘못된',
    whole: '(사용자|수신자|수신인|계정|아이디|회원|사람|주소)[가이은는] ?없|없는 ?(사용자|수신자|계정|아이디|주소)',
    box: '메일함|사서함|편지함|용량|공간|메일 ?박스',
    full: '꽉|가득|찼|찬|초과|부족|없습',
    disabled: '정지|휴면|비활성|잠겨|잠김|해지|탈퇴',
    sender: '보낸 ?사람|발신자|보내는 사람|송신자',
    domain: '도메인',
    refused: '거부|차단|허용되지|블랙리스트',
    examples: {
      unknown: '550 존재하지 않는 사용자입니다',
      full: '받는 사람의 메일함 용량이 초과되었습니다',
      disabled: '550 휴면 계정입니다',
      sender: '550 발신자가 거부되었습니다',
      domain: '550 도메인이 존재하지 않습니다',
      ip: '550 발신 IP가 차단되었습니다',
      refused: '550 메일이 거부되었습니다',
    },
  },
  {
    language: 'Southern_Asia',
    recipient:
      'ผู้ใช้|ผู้รับ|กล่องจดหมาย|ที่อยู่|บัญชี|nguoi dung|nguoi nhan|hop thu|dia chi|tai khoan|pengguna|penerima|kotak (surat|masuk|pesan)|alamat|akun',
    unknown:
      'ไม่พบ|ไม่มี|ไม่รู้จัก|ไม่ถูกต้อง|khong tim thay|khong ton tai|khong hop le|khong co|khong duoc tim thay|tidak (ditemukan|ada|dikenal|valid|terdaftar|wujud)',
    box: 'กล่อง|พื้นที่|โควต้า|โควตา|hop thu|dung luong|kotak (surat|masuk|pesan)|kuota',
    full: 'เต็ม|ไม่พอ|เกิน|da day|bi day|vuot|penuh|melebihi|terlampaui',
    disabled: 'ถูกระงับ|ปิดใช้งาน|bi khoa|vo hieu|ngung hoat dong|ditangguhkan|dinonaktifkan|diblokir',
    sender: 'ผู้ส่ง|nguoi gui|pengirim',
    domain: 'โดเมน|ten mien|domain tujuan',
    refused: 'ถูกปฏิเสธ|ถูกบล็อก|tu choi|bi chan|ditolak|diblokir',
    examples: {
      unknown: '550 Không tìm thấy người dùng',
      full: 'Hộp thư người nhận đã đầy',
      disabled: '550 บัญชีถูกระงับ',
      sender: '550 Pengirim ditolak',
      domain: '550 Tên miền không tồn tại',
      ip: '550 Alamat IP diblokir',
      refused: '550 Pesan ditolak',
    },
  },
];
