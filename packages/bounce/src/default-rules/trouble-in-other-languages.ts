import type { BounceRule } from '@mxflow/domain';

import { rulesOf } from './row.ts';

const UNKNOWN = '550 5.1.1 <user@example.com>... User Unknown';

/** A server that could not be reached, or not in time, in languages but English. */
export const NO_CONNECTION_IN_OTHER_LANGUAGES: readonly BounceRule[] = [
  ...rulesOf({ reason: 'unreachable', detail: 'expired' }, [
    [
      'Expired_in_other_languages',
      [
        '(zeitüberschreitung|abgelaufen|zeitlimit)',
        'délai[^.]* (dépass|expir)',
        'tiempo de espera',
        'tempo (limite|esgotado)',
        'tempo scaduto',
        'истекло',
        '(превышен|истек|вышло|вичерпан|перевищен)[^ ]* (время|врем|час)',
        'przekroczono (limit )?czas',
        'tidsgräns|tidsavbrott|tidsfrist',
        'időtúllépés',
        'zaman aşımı',
        'časový limit|vypršel (čas|limit)',
        'λήξη χρόνου',
        'タイムアウト',
        '超时',
      ],
      ['Zeitüberschreitung der Verbindung'],
      [UNKNOWN],
    ],
  ]),
  ...rulesOf({ reason: 'unreachable', detail: 'network' }, [
    [
      'No_connection_in_other_languages',
      [
        '(verbindung|server|rechner|gegenstelle)([^.:;]|[.][^ ])* (nicht (möglich|hergestellt|aufgebaut|erreichbar|geantwortet)|fehlgeschlagen|abgebrochen|unterbrochen|verweigert|getrennt)',
        'antwortet nicht',
        'smtp-kommunikation|kommunikation mit dem [a-z-]*server',
        '(problem[ae]?|erro|errore|probleme) (de|di|na|nella) (la )?comunic',
        'probleme de communication',
        '(connexion|serveur|hôte)([^.:;]|[.][^ ])* (impossible|perdue?|interrompue?|échoué|injoignable|refusée|pas de réponse|ne répond pas)',
        'impossible de (se connecter|joindre|contacter|établir)',
        '(conexión|servidor)([^.:;]|[.][^ ])* (rechazada|perdida|cerrada|interrumpida|fallida|no responde|inalcanzable)',
        'no (se )?(pudo|puede|ha podido) (conectar|contactar|establecer)',
        '(conexão|servidor)([^.:;]|[.][^ ])* (recusada|perdida|encerrada|interrompida|falhou|não responde|inacessível)',
        '(não foi possível|impossível|falha ao) (conectar|contactar|contatar|estabelecer)',
        '(connessione|server)([^.:;]|[.][^ ])* (rifiutata|persa|chiusa|interrotta|fallita|non risponde|non raggiungibile)',
        'impossibile (connettersi|contattare|raggiungere|stabilire)',
        '(verbinding|server)([^.:;]|[.][^ ])* (geweigerd|verbroken|mislukt|niet bereikbaar|reageert niet)',
        'kan (geen|niet) verbind',
        '(servern|anslutning(en)?)([^.:;]|[.][^ ])* (svarade inte|svarar inte|inte (upprättas|nås)|bröts|nekades)',
        '(serveren|forbindelsen?|tilkoblingen?)([^.:;]|[.][^ ])* (svare?de ikke|svarte ikke|svarer ikke|afbrudt|avbrutt|brutt|utilgængelig|utilgjengelig)',
        '(palvelin|yhteys)([^.:;]|[.][^ ])* (ei vasta[an]|katkesi|epäonnistui)',
        '(server|spojení|připojení|pripojenie)([^.:;]|[.][^ ])* (neodpov[a-zíá]+|selhalo|zlyhalo|přerušeno|odmítnuto|nedostupn[a-zý]+)',
        '(szerver|kiszolgáló|kapcsolat)([^.:;]|[.][^ ])* (nem válaszol|megszakadt|elutasítva|nem érhető el)',
        '(serverul|conexiunea?)([^.:;]|[.][^ ])* (nu răspunde|refuzată|întreruptă|indisponibil)',
        '(διακομιστ|εξυπηρετητ|σύνδεση)([^.:;]|[.][^ ])* (δεν ανταποκρίνεται|απέτυχε|διακόπηκε)',
        '(сервер|з.єднання)([^.:;]|[.][^ ])* (не відповідає|недоступн|перерван|розірван|відхилен)',
        '(połączeni[ea]|serwer)([^.:;]|[.][^ ])* (odrzucone|przerwane|zerwane|nie odpowiada|nieosiągalny)',
        'nie (można|udało się) (połączyć|nawiązać)',
        '(соединени|сервер|хост)([^.:;]|[.][^ ])* (разорван|прерван|сброшен|отклонен|не установлен|не отвечает|недоступен|потерян)',
        'не удалось (соединиться|подключиться|связаться|установить)',
        '(bağlantı|sunucu)([^.:;]|[.][^ ])* (kurulamadı|kesildi|reddedildi|yanıt vermiyor)',
        '(接続|サーバ[ーに]*)[^。]*(できませ|できなか|失敗|拒否され|切断|応答(が|し)(ない|なか|あり?ません|ません))',
        '(无法|無法|不能|未能)([与和與]?[^。 ]{1,10})?(建立)?(连接|連接|連線|连线)',
        '(连接|連接|連線)[^。，]{0,12}(失败|失敗|超时|逾時|中断|中斷|不上)',
        '(연결|접속)[^.]{0,12}(할 수 없|실패|거부|끊)',
      ],
      [
        'Die Verbindung zum Server konnte nicht hergestellt werden: Verbindung nicht möglich',
        '无法连接到对方服务器',
        'Не удалось установить соединение с сервером',
      ],
      [UNKNOWN, '550 Benutzer auf diesem Server unbekannt', '550 服务器拒绝'],
    ],
  ]),
];

/** A server that wants to be asked later: said of mailboxes, too. */
export const LATER_IN_OTHER_LANGUAGES: readonly BounceRule[] = rulesOf(
  { reason: 'unreachable', detail: 'system-error' },
  [
    [
      'Try_later_in_other_languages',
      [
        'dienst (ist )?nicht verfügbar',
        'тимчасово',
        '(vorübergehend|temporär|temporairement|temporalmente|temporariamente|temporaneamente|tijdelijk|tymczasowo|временно)',
        'später (noch ?(ein)?mal|erneut)',
        'réessayer',
        'veuillez essayer',
        'intente (de nuevo|más tarde)',
        'tente novamente',
        'riprovare',
        'momentaneamente',
        'probeer het later',
        'spróbuj (ponownie|później)',
        'chwilowo',
        'попробуйте позже',
        '(しばらく|後ほど|時間をおいて)',
        '稍后再试',
      ],
      ['Erreur temporaire, veuillez réessayer'],
      [UNKNOWN],
    ],
  ],
);
