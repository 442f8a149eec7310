"""What people and policies may do, without IO and without a clock.

`commands` reads what an agent asks for; `decide` answers it with decisions or a refusal; `policies` says what a contact
sets off by itself. `hub.consumers.decide` makes events of the decisions.
"""
