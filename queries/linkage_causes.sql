-- One row per finding about keys: what it means and what to do, in English and Japanese.
-- The words of linkage_forensics and of a run that the gate stops; korabo's messages have the Japanese of meaning_en.
-- key: cause
-- materialize: view
-- sensitivity: aggregate

select cause, meaning_en, advice_en, meaning_ja, advice_ja
from (
    values
    (
        'width',
        'the sides write keys in characters of different width; found because keys are normalised',
        'nothing now: normalise before keys are hashed too, where the difference cannot be undone',
        '全角と半角の表記が異なるキー（正規化により突合済み）',
        '対応は不要です。ハッシュ化の前にも同じ正規化を行ってください（ハッシュ化後は戻せません）'
    ),
    (
        'case',
        'the sides write keys in upper and in lower case; found because keys are normalised',
        'nothing now: agree on one spelling before keys are hashed',
        '大文字と小文字の表記が異なるキー（正規化により突合済み）',
        '対応は不要です。ハッシュ化の前の表記をそろえてください'
    ),
    (
        'separators',
        'one side writes keys with hyphens or blanks; found because keys are normalised',
        'nothing now: remove hyphens and blanks before keys are hashed',
        'ハイフンや空白の有無が異なるキー（正規化により突合済み）',
        '対応は不要です。ハッシュ化の前にハイフンと空白を除いてください'
    ),
    (
        'padding',
        'keys differ in leading zeros',
        'decide on one width of the key, best the longer one, and have the other side deliver again',
        '先頭のゼロの有無が異なるキー',
        'キーの桁数を（長い方に）そろえ、もう一方の納品をやり直してください'
    ),
    (
        'truncation',
        'keys are cut off on one side: their beginnings agree, their lengths do not',
        'find the column that is too narrow (export, spreadsheet, database) and have that side deliver again',
        '一方のキーが途中で切れている（先頭は一致し、長さが異なる）',
        '桁数の足りない列（出力設定・表計算・データベース）を探し、その側の納品をやり直してください'
    ),
    (
        'other_shape',
        'keys have lengths that the other side does not have: other columns, or another way to make them',
        'compare which column each side delivers as the key, and how it is made (docs/linkage.md)',
        '相手側にない長さのキー（別の列、または別の作り方）',
        'どの列をどのようにキーにしたかを双方で確かめてください（docs/linkage.ja.md）'
    ),
    (
        'other_secret',
        'keys look alike and have nothing in common: another secret, another normalisation before they were hashed, or other persons',
        'compare fingerprint and normalisation version in the receipts of korabo pseudonymize, and have one side make its keys again',
        '形は同じだが共通するものがないキー（別の秘密鍵、ハッシュ化前の正規化の違い、または別の人々）',
        'korabo pseudonymize の受領書にある鍵の指紋と正規化のバージョンを比べ、一方のキーを作り直してください'
    ),
    (
        'unknown_persons',
        'these persons are not in what the other side delivered, or have no key there',
        'compare periods and holders of the deliveries: who should be in both?',
        '相手側の納品に含まれていない、またはキーのない人',
        '双方の納品の期間と対象者の範囲を比べてください'
    ),
    (
        'shared_key',
        'one key stands for several persons: an employer has several employees with it, or sex or month of birth contradict',
        'look for placeholders and for keys of the household; same-sex twins need the branch number in the key',
        '一つのキーが複数人を指している（同じ事業主の従業員が複数、または性別・生年月が矛盾）',
        '仮の値や世帯単位のキーがないか確かめてください。同性の双子には枝番を含むキーが必要です'
    ),
    (
        'overlapping_spells',
        'one key is enrolled twice at the same time in one insurer: same-sex twins with one key, or spells delivered twice',
        'make keys with the branch number (korabo pseudonymize --key insured), or correct the spells',
        '同じ保険者に同時に二重に加入しているキー（同性の双子が同じキー、または期間の重複）',
        '枝番を含むキーを作る（korabo pseudonymize --key insured）か、期間を訂正してください'
    ),
    (
        'repeated_rows',
        'rows of members were rejected because their key and first day came twice: rows twice in a file, or same-sex twins with one key',
        'look at rejects_members; twins need the branch number in the key (korabo pseudonymize --key insured)',
        'キーと資格取得日が重複して不受理になった加入者の行（行の二重出力、または同性の双子が同じキー）',
        'rejects_members を確かめてください。双子には枝番を含むキーが必要です（korabo pseudonymize --key insured）'
    ),
    (
        'several_keys',
        'one employee has several keys: the key changed with the insurer, the card or the secret; one of them is used',
        'have the employer deliver the key that holds today for all spells, or make keys by name (korabo pseudonymize --key by-name)',
        '一人の従業員に複数のキーがある（保険者・保険証・秘密鍵の変更。突合には一つだけを使う）',
        '全期間を現在のキーで納品するか、氏名によるキーを使ってください（korabo pseudonymize --key by-name）'
    ),
    (
        'changed_insurer',
        'persons are members of several insurers in turn, under one key',
        'nothing: they are followed',
        '複数の保険者に順に加入した人（同じキーで追跡できる）',
        '対応は不要です'
    ),
    (
        'keys_by_insurer',
        'no person is a member of two insurers: keys hold the insurer number, or the secrets differ',
        'who changes the insurer is not followed; make keys by name (korabo pseudonymize --key by-name) if that matters',
        '複数の保険者に共通する人が一人もいない（キーに保険者番号を含む、または秘密鍵が異なる）',
        '保険者を移った人を追跡できません。必要なら氏名によるキーを使ってください（korabo pseudonymize --key by-name）'
    )
) as causes (cause, meaning_en, advice_en, meaning_ja, advice_ja)
