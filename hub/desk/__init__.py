"""What people and policies may do, without IO and without a clock.

`commands` reads what an agent asks for; `decide` answers it with decisions or a refusal; `answers` says how an answer goes
out; `policies` says what a contact sets off by itself, `opening_hours` what is said to who writes when nobody is here,
`forms` which forms want an answer, `returned` what a mail that came back means. `hub.consumers.decide` makes events of the
decisions.
"""
