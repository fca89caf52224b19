-- One row per table, holder and delivery: persons' keys that are looked for in another table, and how they are found there.
-- What is wrong with keys shows before they are joined: each distinct key is looked for as it was written, normalised,
-- without leading zeros, and by its first 12 characters. Keys of checkups, claims and guidance and employers' link tokens
-- are looked for among the insurers' members. Of an insurer's members those are looked for among the employers' tokens who
-- should be there: subscribers at workplaces of employers that deliver tokens, still enrolled when the newest employee was
-- hired. A key counts for the latest delivery that has it.
-- key: source, holder, delivery_id
-- materialize: table
-- sensitivity: aggregate

with covered_workplaces as (
    select distinct workplace_key
    from clean_worksites
    where workplace_key is not null
        and employer_key in (select employer_key from clean_employees where link_token is not null)
),

-- Grouped by the key as it is written, so that millions of rows need not be normalised: each spelling counts as a key.
sought as (
    select
        'employees' as source,
        employer_key as holder,
        'members' as target,
        normalize_key(link_token) as token,
        link_token as written,
        max(delivery_id) as delivery_id
    from employees
    where link_token is not null
    group by employer_key, link_token
    union all
    select
        'members' as source,
        insurer_id as holder,
        'employees' as target,
        normalize_key(person_key) as token,
        person_key as written,
        max(delivery_id) as delivery_id
    from members
    where relationship = 1
        and normalize_key(workplace_key) in (select workplace_key from covered_workplaces)
        and coalesce(enrolled_to, date '2999-12-31') >= (select max(employed_from) from clean_employees)
    group by insurer_id, person_key
    union all
    select
        'checkups' as source,
        insurer_id as holder,
        'members' as target,
        normalize_key(person_key) as token,
        person_key as written,
        max(delivery_id) as delivery_id
    from checkups
    group by insurer_id, person_key
    union all
    select
        'claims' as source,
        insurer_id as holder,
        'members' as target,
        normalize_key(person_key) as token,
        person_key as written,
        max(delivery_id) as delivery_id
    from claims
    group by insurer_id, person_key
    union all
    select
        'guidance' as source,
        insurer_id as holder,
        'members' as target,
        normalize_key(person_key) as token,
        person_key as written,
        max(delivery_id) as delivery_id
    from guidance
    group by insurer_id, person_key
),

-- A key in several spellings has two of them here: enough to tell whether it is found as written.
offered as (
    select
        'members' as target,
        normalize_key(person_key) as token,
        min(person_key) as first_written,
        max(person_key) as last_written
    from members
    group by normalize_key(person_key)
    union all
    select
        'employees' as target,
        normalize_key(link_token) as token,
        min(link_token) as first_written,
        max(link_token) as last_written
    from employees
    where link_token is not null
    group by normalize_key(link_token)
),

normalised as (
    select 'members' as target, person_key as token from clean_members
    union all
    select 'employees' as target, link_token as token from clean_employees where link_token is not null
),

unpadded as (
    select distinct target, ltrim(token, '0') as significant
    from normalised
),

shortened as (
    select
        target,
        left(token, 12) as head,
        min(character_length(token)) as shortest,
        max(character_length(token)) as longest
    from normalised
    group by target, left(token, 12)
),

lengths as (
    select distinct target, character_length(token) as n_characters
    from normalised
),

delivered as (
    select distinct target
    from lengths
),

-- The other spellings are for keys that are not found.
compared as (
    select
        sought.source,
        sought.holder,
        sought.delivery_id,
        sought.target,
        sought.written,
        offered.first_written,
        sought.written = offered.first_written or sought.written = offered.last_written as is_as_written,
        case when offered.first_written is null then ltrim(sought.token, '0') end as significant,
        case when offered.first_written is null then left(sought.token, 12) end as head,
        character_length(sought.token) as n_characters
    from sought
    left join offered
        on sought.target = offered.target
        and sought.token = offered.token
),

found as (
    select
        compared.source,
        compared.holder,
        compared.delivery_id,
        compared.first_written is not null as is_linked,
        compared.is_as_written,
        -- Whether one spelling has characters of full width and the other has not; whether they differ in case alone.
        (octet_length(compared.written) > character_length(compared.written))
        <> (octet_length(compared.first_written) > character_length(compared.first_written)) as is_other_width,
        lower(compared.written) = lower(compared.first_written) as is_other_case,
        unpadded.significant is not null as is_unpadded,
        shortened.shortest <> compared.n_characters or shortened.longest <> compared.n_characters as is_shortened,
        lengths.n_characters is not null as is_of_known_length
    from compared
    -- Where nothing was delivered to find keys in, nothing is missing.
    inner join delivered
        on compared.target = delivered.target
    left join unpadded
        on compared.target = unpadded.target
        and compared.significant = unpadded.significant
    left join shortened
        on compared.target = shortened.target
        and compared.head = shortened.head
    left join lengths
        on compared.target = lengths.target
        and compared.n_characters = lengths.n_characters
)

select
    source,
    holder,
    delivery_id,
    count(*) as n_keys,
    count(*) filter (where is_linked) as n_linked,
    count(*) filter (where is_as_written) as n_as_written,
    count(*) filter (where not is_as_written and is_other_width) as n_by_width,
    count(*) filter (where not is_as_written and not is_other_width and is_other_case) as n_by_case,
    count(*) filter (
        where not is_as_written and not is_other_width and not is_other_case
    ) as n_by_separators,
    count(*) filter (where not is_linked and is_unpadded) as n_padded,
    count(*) filter (where not is_linked and not is_unpadded and coalesce(is_shortened, false)) as n_shortened,
    count(*) filter (
        where not is_linked and not is_unpadded and not coalesce(is_shortened, false) and not is_of_known_length
    ) as n_other_length
from found
group by source, holder, delivery_id
